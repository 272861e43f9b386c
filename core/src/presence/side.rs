//! What few rows have, beside them.

/// Numbered places that are used again.
#[derive(Clone, Debug)]
pub(super) struct Side<T> {
    places: Vec<Option<T>>,
    free: Vec<u32>,
}

impl<T> Default for Side<T> {
    fn default() -> Self {
        Side {
            places: Vec::new(),
            free: Vec::new(),
        }
    }
}

impl<T> Side<T> {
    pub fn add(&mut self, value: T) -> u32 {
        if let Some(place) = self.free.pop() {
            self.places[place as usize] = Some(value);
            return place;
        }
        self.places.push(Some(value));
        self.places.len() as u32 - 1
    }

    pub fn get(&self, place: u32) -> Option<&T> {
        self.places.get(place as usize)?.as_ref()
    }

    pub fn get_mut(&mut self, place: u32) -> Option<&mut T> {
        self.places.get_mut(place as usize)?.as_mut()
    }

    pub fn take(&mut self, place: u32) -> Option<T> {
        let value = self.places.get_mut(place as usize)?.take()?;
        self.free.push(place);
        Some(value)
    }
}
