"""`redline top`: samples of metrics and of the group of workers, what they come to, and how that is drawn."""
