"""The screens: Textual app, actions, widgets. Knows no pypsrp."""
