"""Render reports, class reports and proofs for people and programs; nothing is judged or counted here."""
