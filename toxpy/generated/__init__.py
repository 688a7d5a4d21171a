"""What is made from the C header: do not edit."""
