"""Images of the program and of what it runs on, built on this machine; the compose file that plays them."""
