//! One sort for many things: each shape that is sorted is a sort of its own in
//! WebAssembly, which is fetched.

/// The places of these keys in the order of the keys, equal ones as they stand.
pub(super) fn by_key(keys: impl Iterator<Item = u64>) -> impl DoubleEndedIterator<Item = usize> {
    let mut places: Vec<(u64, u32)> = keys.zip(0..).collect();
    places.sort_unstable();
    places.into_iter().map(|(_, place)| place as usize)
}
