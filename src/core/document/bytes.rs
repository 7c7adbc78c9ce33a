//! Searches in bytes.

/// Where `needle` first is. The search jumps from one first byte to the next.
pub(super) fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    let first = needle.first()?;
    let mut at = 0;
    loop {
        let rest = haystack.get(at..)?;
        at += rest.iter().position(|byte| byte == first)?;
        if haystack.get(at..)?.starts_with(needle) {
            return Some(at);
        }
        at += 1;
    }
}

/// Where `needle` last is.
pub(super) fn rfind(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).rposition(|window| window == needle)
}

/// How often `needle` is there.
pub(super) fn count(haystack: &[u8], needle: &[u8]) -> usize {
    haystack.windows(needle.len()).filter(|window| *window == needle).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds() {
        for (haystack, first, last, times) in
            [("", None, None, 0), ("a", None, None, 0), ("ab", Some(0), Some(0), 1), ("aabab", Some(1), Some(3), 2)]
        {
            let haystack = haystack.as_bytes();
            assert_eq!((find(haystack, b"ab"), rfind(haystack, b"ab"), count(haystack, b"ab")), (first, last, times));
        }
    }
}
