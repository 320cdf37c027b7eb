"""The command and the composition roots, thin: the only place that sees every room. Decides nothing about residents."""
