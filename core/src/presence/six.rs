//! Times, addresses and places in the six bytes that they need.

/// A number below [`Six::NONE`] in six bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Six([u16; 3]);

impl Six {
    pub const NONE: Six = Six([u16::MAX; 3]);

    pub fn new(number: u64) -> Option<Six> {
        let six = Six([number as u16, (number >> 16) as u16, (number >> 32) as u16]);
        (six != Six::NONE && six.get() == number).then_some(six)
    }

    /// A place always fits.
    pub fn place(place: u32) -> Six {
        Six([place as u16, (place >> 16) as u16, 0])
    }

    pub fn get(self) -> u64 {
        let [low, middle, high] = self.0.map(u64::from);
        low | middle << 16 | high << 32
    }
}
