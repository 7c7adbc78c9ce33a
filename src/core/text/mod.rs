//! Characters to tokens and stems.
