"""What runs in the isolated process. It stands alone: the standard library, and NumPy or torch; nothing of gradlab."""
