//! What the doctor found.

/// One thing that was tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::cli) struct Finding {
    /// Which part: `store`, `source 0 (remoting)`.
    pub part: String,
    /// How it is.
    pub verdict: Verdict,
    /// What was tried and how it went; what to do if it did not.
    pub sentence: String,
}

/// How a part is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cli) enum Verdict {
    /// It works.
    Good,
    /// It works, but look at it.
    Note,
    /// It does not work.
    Wrong,
}

impl Finding {
    /// It works.
    pub fn good(part: impl Into<String>, sentence: impl Into<String>) -> Finding {
        Finding {
            part: part.into(),
            verdict: Verdict::Good,
            sentence: sentence.into(),
        }
    }

    /// It works, but look at it.
    pub fn note(part: impl Into<String>, sentence: impl Into<String>) -> Finding {
        Finding {
            part: part.into(),
            verdict: Verdict::Note,
            sentence: sentence.into(),
        }
    }

    /// It does not work.
    pub fn wrong(part: impl Into<String>, sentence: impl Into<String>) -> Finding {
        Finding {
            part: part.into(),
            verdict: Verdict::Wrong,
            sentence: sentence.into(),
        }
    }
}
