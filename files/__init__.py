"""Small files that users write, and bodies of the same form: read whole, checked whole, errors by row. Pure."""
