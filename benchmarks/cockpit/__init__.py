"""What the pages cost and how fast they live: first picture, drawn frames, event to pixel, many visitors, what is left behind."""
