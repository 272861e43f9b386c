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

/// The words of the panic since the last call, if there was one. For callers
/// that give up only the object that panicked: what that call did not touch
/// is whole.
#[wasm_bindgen(js_name = takePanic)]
pub fn take_panic() -> Option<String> {
    WORDS.with(|words| {
        words
            .try_borrow_mut()
            .ok()
            .and_then(|mut words| words.take())
    })
}

/// Fails once there was a panic.
pub(crate) fn check() -> Result<(), JsValue> {
    match panicked() {
        None => Ok(()),
        Some(words) => Err(output::error("panicked", &words)),
    }
}
