"""Stage 1, clean: how text is read (section 1 of the rule language), and what of it is residue."""
