"""AppArmor: a profile as it is written, and the container that is to bear it."""
