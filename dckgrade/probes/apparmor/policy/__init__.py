"""A policy file as `apparmor_parser` reads it: words, rules, profiles; and what it would refuse."""
