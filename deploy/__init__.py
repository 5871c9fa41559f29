"""The `writeback` command, and all that runs the program: locally, against sandboxes, in containers."""
