"""Files: every form in which a dataset can be downloaded."""
