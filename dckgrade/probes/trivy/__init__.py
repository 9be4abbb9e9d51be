"""What Trivy leaves behind, and what it proves."""
