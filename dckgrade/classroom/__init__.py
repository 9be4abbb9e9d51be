"""Many reports made into one class report: who is stuck where, which mistakes are shared, whom to believe."""
