"""An answer comes in: public pages, e-mail links, widget, API. Never lost, never twice."""
