"""Results in the forms that courses live in."""
