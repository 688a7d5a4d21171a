"""File transfers between friends."""
