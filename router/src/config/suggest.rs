//! What somebody may have meant who wrote a word that does not exist.

/// The word that is most like `written`, if one is like it at all.
pub(super) fn nearest<'a>(written: &str, words: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let written = written.to_lowercase();
    let most = (written.chars().count() / 3).max(1);
    words
        .map(|word| (distance(&written, word), word))
        .filter(|(distance, _)| *distance <= most)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, word)| word)
}

/// How many characters have to be put in, taken out, replaced or swapped with the next one to make one word the other.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows = vec![(0..=b.len()).collect::<Vec<_>>()];
    for (i, x) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let mut least =
                (rows[i][j] + usize::from(x != y)).min(rows[i][j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *x == b[j - 1] && a[i - 1] == *y {
                least = least.min(rows[i - 1][j - 1] + 1);
            }
            row.push(least);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_recognised_and_another_word_is_not() {
        const WORDS: [&str; 4] = ["address", "transports", "site", "origins"];
        for (written, expected) in [
            ("adress", Some("address")),
            ("adderss", Some("address")),
            ("Address", Some("address")),
            ("transport", Some("transports")),
            ("sites", Some("site")),
            ("origin", Some("origins")),
            ("port", None),
            ("listen", None),
            ("", None),
        ] {
            assert_eq!(nearest(written, WORDS.into_iter()), expected, "{written}");
        }
    }
}
