//! Guesses which name was meant by one that is not known.

/// Names that people write for each other: those of one group mean the same in some API.
const SYNONYMS: [&[&str]; 4] = [
    &["label", "type", "category", "class"],
    &["description", "definition", "prompt", "instructions"],
    &["rules", "categories", "labels", "classes"],
    &["examples", "samples"],
];

/// The longest name that is compared, in bytes: names that are known are shorter.
const MAX_BYTES: usize = 40;

/// How many members of an object are compared with a name: a request written by hand has fewer.
pub(super) const MAX_COMPARED: usize = 100;

/// How many letters of a name may be wrong, missing, too many or swapped: one in three, of short names one.
const fn max_distance(name: &str) -> usize {
    let third = name.len() / 3;
    if third == 0 { 1 } else { third }
}

/// The name of `known` that was meant by `name`: one with the same meaning, else the most similar one. None if none is
/// similar.
pub(super) fn nearest<'k>(name: &str, known: impl Iterator<Item = &'k str> + Clone) -> Option<&'k str> {
    if name.len() > MAX_BYTES {
        return None;
    }
    let name = name.to_ascii_lowercase();
    let group = SYNONYMS.iter().find(|group| group.contains(&&*name));
    let synonym = group.and_then(|group| known.clone().find(|known| group.contains(known)));
    let similar = known
        .map(|known| (strsim::osa_distance(&name, known), known))
        .filter(|(distance, known)| *distance <= max_distance(known));
    synonym.or_else(|| similar.min_by_key(|(distance, _)| *distance).map(|(_, known)| known))
}

/// Whether `known` was meant by `name`.
pub(super) fn is_similar(name: &str, known: &str) -> bool {
    nearest(name, std::iter::once(known)).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guesses_what_was_meant() {
        let known = ["label", "description", "examples", "min_confidence"];
        for (name, expected) in [
            ("type", Some("label")),
            ("lable", Some("label")),
            ("Label", Some("label")),
            ("desciption", Some("description")),
            ("prompt", Some("description")),
            ("exmples", Some("examples")),
            ("minConfidence", Some("min_confidence")),
            ("version", None),
            ("x", None),
        ] {
            assert_eq!(nearest(name, known.into_iter()), expected, "{name}");
        }
        assert_eq!(nearest(&"label".repeat(1_000_000), known.into_iter()), None);
        assert_eq!(nearest("type", ["rules"].into_iter()), None);
    }
}
