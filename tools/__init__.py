"""What a checkout needs around the program: set-up and notices. Not part of the wheel."""
