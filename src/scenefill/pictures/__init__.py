"""Pictures, masks and label maps as files and arrays: read, written, made, laid side by side."""
