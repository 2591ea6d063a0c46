"""What every page shares: shell, cards, states, number formats, widget files of this machine. No page and no query lives here."""
