"""The cockpit's own widgets: they draw lines, compare before they repaint, and parse no markup."""
