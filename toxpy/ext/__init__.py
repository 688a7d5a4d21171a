"""Extensions beyond c-toxcore: off unless a program asks for them."""
