"""A formula or a CIF in, a prediction with its evidence out: the one package that uses several stages."""
