"""Of those who came together, how many and how much money is still there later."""
