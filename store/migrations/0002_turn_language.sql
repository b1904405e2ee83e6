-- The user's language, for the sentence that another process adds to an interrupted answer. The
-- previous release does not name the column, and begins turns with the default.
ALTER TABLE turns
    ADD COLUMN language text NOT NULL DEFAULT 'en' CHECK (char_length(language) <= 35);
