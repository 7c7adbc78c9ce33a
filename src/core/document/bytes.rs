//! Searches byte strings.

/// The offset of the first `needle`. The search jumps between occurrences of its first byte.
pub(super) fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    let first = needle.first()?;
    let mut offset = 0;
    loop {
        let rest = haystack.get(offset..)?;
        offset += rest.iter().position(|byte| byte == first)?;
        if haystack.get(offset..)?.starts_with(needle) {
            return Some(offset);
        }
        offset += 1;
    }
}

/// The offset of the last `needle`.
pub(super) fn rfind(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).rposition(|window| window == needle)
}

/// The number of occurrences of `needle`.
pub(super) fn count(haystack: &[u8], needle: &[u8]) -> usize {
    haystack.windows(needle.len()).filter(|window| *window == needle).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_and_counts() {
        for (haystack, first, last, occurrences) in
            [("", None, None, 0), ("a", None, None, 0), ("ab", Some(0), Some(0), 1), ("aabab", Some(1), Some(3), 2)]
        {
            let haystack = haystack.as_bytes();
            assert_eq!(
                (find(haystack, b"ab"), rfind(haystack, b"ab"), count(haystack, b"ab")),
                (first, last, occurrences)
            );
        }
    }
}
