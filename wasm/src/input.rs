//! Fields of the objects that callers hand over.

use js_sys::{Array, Reflect, Uint32Array};
use wasm_bindgen::{JsCast, JsValue};

use crate::output::error;

/// A field; `None` where it is absent, `undefined` or `null`.
pub(crate) fn field(object: &JsValue, name: &str) -> Option<JsValue> {
    let value = Reflect::get(object, &JsValue::from_str(name)).ok()?;
    (!value.is_undefined() && !value.is_null()).then_some(value)
}

fn wrong(name: &str, wanted: &str) -> JsValue {
    error("wrong_type", &format!("`{name}` must be {wanted}"))
}

/// A number that is not negative.
pub(crate) fn number(object: &JsValue, name: &str) -> Result<Option<u64>, JsValue> {
    let Some(value) = field(object, name) else {
        return Ok(None);
    };
    match value.as_f64() {
        Some(number) if number >= 0.0 => Ok(Some(number as u64)),
        _ => Err(wrong(name, "a number of 0 or more")),
    }
}

pub(crate) fn flag(object: &JsValue, name: &str) -> Result<Option<bool>, JsValue> {
    match field(object, name) {
        None => Ok(None),
        Some(value) => value
            .as_bool()
            .map(Some)
            .ok_or_else(|| wrong(name, "true or false")),
    }
}

pub(crate) fn text(object: &JsValue, name: &str) -> Result<Option<String>, JsValue> {
    match field(object, name) {
        None => Ok(None),
        Some(value) => value
            .as_string()
            .map(Some)
            .ok_or_else(|| wrong(name, "a string")),
    }
}

/// Client numbers.
pub(crate) fn numbers(object: &JsValue, name: &str) -> Result<Option<Vec<u32>>, JsValue> {
    match field(object, name) {
        None => Ok(None),
        Some(value) => match value.dyn_into::<Uint32Array>() {
            Ok(numbers) => Ok(Some(numbers.to_vec())),
            Err(_) => Err(wrong(name, "a Uint32Array")),
        },
    }
}

/// Words, each of which must be known.
pub(crate) fn words<T>(
    object: &JsValue,
    name: &str,
    known: impl Fn(&str) -> Option<T>,
) -> Result<Vec<T>, JsValue> {
    let Some(value) = field(object, name) else {
        return Ok(Vec::new());
    };
    let Ok(words) = value.dyn_into::<Array>() else {
        return Err(wrong(name, "an array of strings"));
    };
    words
        .iter()
        .map(|word| {
            let word = word
                .as_string()
                .ok_or_else(|| wrong(name, "an array of strings"))?;
            known(&word)
                .ok_or_else(|| error("unknown_word", &format!("`{name}` knows no `{word}`")))
        })
        .collect()
}
