//! What a panic leaves behind.
//!
//! All instances share one memory, which a panic may leave half written. So
//! after one, every call of every instance fails with the first panic's words,
//! and the caller loads the module anew.

use std::cell::RefCell;
use std::sync::Once;

use wasm_bindgen::prelude::*;

use crate::output;

thread_local! {
    static WORDS: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Keeps the words of the first panic.
pub(crate) fn watch() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        std::panic::set_hook(Box::new(|info| {
            WORDS.with(|words| {
                if let Ok(mut words) = words.try_borrow_mut() {
                    words.get_or_insert_with(|| info.to_string());
                }
            });
        }));
    });
}

/// The words of the panic that ended this module, if one did.
#[wasm_bindgen]
pub fn panicked() -> Option<String> {
    WORDS.with(|words| words.try_borrow().ok().and_then(|words| words.clone()))
}

/// Fails once there was a panic.
pub(crate) fn check() -> Result<(), JsValue> {
    match panicked() {
        None => Ok(()),
        Some(words) => Err(output::error("panicked", &words)),
    }
}
