"""The commands of ``gradlab``: what each does with what was typed, and what it says."""
