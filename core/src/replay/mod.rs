//! All events of a recording, kept to be looked at along two axes: what a
//! consumer believed after n records, and what was so at a time.
