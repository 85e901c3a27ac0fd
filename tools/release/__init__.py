"""Makes a release up to what is uploaded: `./dev release VERSION`."""
