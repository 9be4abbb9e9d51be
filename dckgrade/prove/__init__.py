"""Proves labs: real engines that are used up, and the cases that are applied to them."""
