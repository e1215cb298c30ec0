//! Commands as lines of text, there and back.
