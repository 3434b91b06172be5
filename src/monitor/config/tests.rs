//! Every key, every mistake.

use super::*;
