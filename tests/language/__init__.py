"""The catalogues of sentences: made, completed and looked through."""
