//! Given a state and one input, the whole list of outputs.
