"""The console, asked over HTTP as a browser asks it."""
