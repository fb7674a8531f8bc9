//! Lines of text at the beginning of a file.

use super::FormatError;

/// Bytes that a header may have: one that never ends must not be read as a whole.
const LIMIT: usize = 1 << 26;

/// The header: lines that begin with `mark`, have no control characters, and end with a line feed; the
/// one that says `end` behind `mark` is the last, if it is there.
///
/// `None` if more bytes are needed to find its end; `whole` says that there are none. Data that happens
/// to begin with `mark` has other characters soon, and so is not taken for a line; nor is `mark` with a
/// line feed alone, where the first line ends with a carriage return too.
pub(super) fn text<'a>(
    bytes: &'a [u8],
    mark: &str,
    end: &str,
    whole: bool,
) -> Result<Option<&'a [u8]>, FormatError> {
    let mut len = 0;
    let mut returns = false;
    loop {
        let rest = &bytes[len..];
        let begun = rest.len().min(mark.len());
        if rest[..begun] != mark.as_bytes()[..begun] {
            return Ok(Some(&bytes[..len]));
        }
        let control = |byte: &u8| byte.is_ascii_control() && !matches!(byte, b'\t' | b'\r');
        match rest.iter().position(control) {
            Some(at) if rest[at] == b'\n' && !(returns && at == mark.len()) => {
                returns |= len == 0 && rest[..at].ends_with(b"\r");
                len += at + 1;
                if rest[mark.len()..at].trim_ascii().eq_ignore_ascii_case(end.as_bytes()) {
                    return Ok(Some(&bytes[..len]));
                }
            }
            Some(_) => return Ok(Some(&bytes[..len])),
            None if whole && rest.is_empty() => return Ok(Some(bytes)),
            None if whole || bytes.len() > LIMIT => {
                return Err(FormatError::new(len, "the header does not end"));
            }
            None => return Ok(None),
        }
    }
}

/// What stands behind a keyword, in the first line that begins with it.
pub(super) fn value<'a>(header: &'a str, mark: &str, key: &str) -> Option<&'a str> {
    header.lines().find_map(|line| {
        let line = line.strip_prefix(mark)?.trim_start();
        let (start, value) = line.split_at_checked(key.len())?;
        start.eq_ignore_ascii_case(key).then(|| value.trim())
    })
}
