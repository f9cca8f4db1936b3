"""Choice of the rows that train and that test, under five protocols from flattering to honest."""
