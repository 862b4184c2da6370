-- +goose Up
-- Who is signed in, and how often somebody failed to be. The web role has no
-- right on either table: it goes through the functions below, each of which
-- answers one question. They run with this migration's role's rights, find
-- nothing without a secret (a password's owner by address, a session by the
-- hash of its token) and turn app.maintain on for themselves, as
-- tenancy_extend_closure does.

CREATE TABLE tenancy_sessions (
    id         uuid PRIMARY KEY,
    token_hash bytea NOT NULL CHECK (octet_length(token_hash) = 32),
    user_id    uuid NOT NULL REFERENCES tenancy_users (id) ON DELETE CASCADE,
    tenant_id  uuid NOT NULL REFERENCES tenancy_tenants (id),
    created_at timestamptz NOT NULL,
    seen_at    timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    user_agent text NOT NULL,
    ip         text NOT NULL
);
COMMENT ON COLUMN tenancy_sessions.token_hash IS 'SHA-256; the token itself is in the browser only';
COMMENT ON COLUMN tenancy_sessions.tenant_id IS 'the acting tenant';
COMMENT ON COLUMN tenancy_sessions.seen_at IS 'last request, to the minute';
COMMENT ON COLUMN tenancy_sessions.expires_at IS 'when it ends however busy it is';
CREATE UNIQUE INDEX tenancy_sessions_token ON tenancy_sessions (token_hash);
CREATE INDEX tenancy_sessions_user ON tenancy_sessions (user_id);
CREATE INDEX tenancy_sessions_expires ON tenancy_sessions (expires_at);

CREATE TABLE tenancy_sign_in_attempts (
    who      uuid PRIMARY KEY,
    failures integer NOT NULL,
    last_at  timestamptz NOT NULL
);
COMMENT ON COLUMN tenancy_sign_in_attempts.who IS 'the first half of the SHA-256 of an e-mail address or a network: people type all sorts of secrets into the wrong field';
COMMENT ON COLUMN tenancy_sign_in_attempts.failures IS 'attempts since the last success; one under way counts as failed until it has succeeded';
CREATE INDEX tenancy_sign_in_attempts_last ON tenancy_sign_in_attempts (last_at);

ALTER TABLE tenancy_sessions ENABLE ROW LEVEL SECURITY;
ALTER TABLE tenancy_sessions FORCE ROW LEVEL SECURITY;
ALTER TABLE tenancy_sign_in_attempts ENABLE ROW LEVEL SECURITY;
ALTER TABLE tenancy_sign_in_attempts FORCE ROW LEVEL SECURITY;

-- The functions' own policies. Those of 0001 belong to the web role alone
-- (grants.sql): here they would be asked too, at the price of a look at the
-- whole closure for each table.
CREATE POLICY functions_all ON tenancy_sessions TO CURRENT_USER
    USING (current_setting('app.maintain', true) = 'on');
CREATE POLICY functions_all ON tenancy_sign_in_attempts TO CURRENT_USER
    USING (current_setting('app.maintain', true) = 'on');
CREATE POLICY functions_read ON tenancy_users FOR SELECT TO CURRENT_USER
    USING (current_setting('app.maintain', true) = 'on');
CREATE POLICY functions_read ON tenancy_user_roles FOR SELECT TO CURRENT_USER
    USING (current_setting('app.maintain', true) = 'on');
CREATE POLICY functions_read ON tenancy_tenants FOR SELECT TO CURRENT_USER
    USING (current_setting('app.maintain', true) = 'on');
CREATE POLICY functions_read ON tenancy_parents FOR SELECT TO CURRENT_USER
    USING (current_setting('app.maintain', true) = 'on');

-- +goose StatementBegin
-- Until when nobody may try again who failed so often, the last time at last_at.
CREATE FUNCTION tenancy_retry_at(failures integer, free integer, last_at timestamptz) RETURNS timestamptz
    LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN failures < free THEN '-infinity'::timestamptz
        ELSE last_at + least(interval '15 minutes', interval '30 seconds' * 2 ^ least(failures - free, 10)) END
$$;
-- +goose StatementEnd

-- +goose StatementBegin
-- Begins an attempt to sign in: counts it as a failure of the address and of
-- the network (NULL: unknown) and returns what the password is to be compared
-- with; no user where the address is nobody's. retry_at is set, and neither
-- counted nor anything else answered, where one of the two failed too often:
-- an address 5 times, a network 30 times, with an hour's pause at most.
CREATE FUNCTION tenancy_sign_in_begin(address text, address_key uuid, network_key uuid, at timestamptz)
    RETURNS TABLE (retry_at timestamptz, user_id uuid, tenant_id uuid, tree_id uuid, password_hash text, disabled boolean)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
#variable_conflict use_column
DECLARE
    until timestamptz;
BEGIN
    PERFORM set_config('app.maintain', 'on', true);
    DELETE FROM tenancy_sign_in_attempts WHERE who IN (
        SELECT a.who FROM tenancy_sign_in_attempts a WHERE a.last_at < at - interval '1 hour' LIMIT 100 FOR UPDATE SKIP LOCKED);
    -- In order of keys, so that two attempts never wait for each other.
    INSERT INTO tenancy_sign_in_attempts AS a (who, failures, last_at)
    SELECT k, 0, at FROM unnest(ARRAY[address_key, network_key]) k WHERE k IS NOT NULL ORDER BY k
    ON CONFLICT (who) DO UPDATE SET failures = CASE WHEN a.last_at < at - interval '1 hour' THEN 0 ELSE a.failures END;
    SELECT max(tenancy_retry_at(a.failures, CASE a.who WHEN address_key THEN 5 ELSE 30 END, a.last_at)) INTO until
    FROM tenancy_sign_in_attempts a WHERE a.who IN (address_key, network_key);
    IF until > at THEN
        RETURN QUERY SELECT until, NULL::uuid, NULL::uuid, NULL::uuid, NULL::text, NULL::boolean;
    ELSE
        UPDATE tenancy_sign_in_attempts SET failures = failures + 1, last_at = at WHERE who IN (address_key, network_key);
        RETURN QUERY SELECT NULL::timestamptz, u.id, u.tenant_id, t.tree_id, u.password_hash, u.disabled_at IS NOT NULL
            FROM (SELECT) one LEFT JOIN tenancy_users u ON u.email = address LEFT JOIN tenancy_tenants t ON t.id = u.tenant_id;
    END IF;
    PERFORM set_config('app.maintain', 'off', true);
END $$;
-- +goose StatementEnd

-- +goose StatementBegin
-- Ends an attempt that failed and returns how many did in a row, or one that
-- succeeded: the address starts anew, the network is credited with it.
CREATE FUNCTION tenancy_sign_in_end(address_key uuid, network_key uuid, succeeded boolean, at timestamptz) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    failed integer;
BEGIN
    PERFORM set_config('app.maintain', 'on', true);
    PERFORM FROM tenancy_sign_in_attempts a WHERE a.who IN (address_key, network_key) ORDER BY a.who FOR UPDATE;
    IF succeeded THEN
        DELETE FROM tenancy_sign_in_attempts a WHERE a.who = address_key;
        UPDATE tenancy_sign_in_attempts a SET failures = greatest(a.failures - 1, 0) WHERE a.who = network_key;
    ELSE
        UPDATE tenancy_sign_in_attempts a SET last_at = at WHERE a.who IN (address_key, network_key);
        SELECT a.failures INTO failed FROM tenancy_sign_in_attempts a WHERE a.who = address_key;
    END IF;
    PERFORM set_config('app.maintain', 'off', true);
    RETURN coalesce(failed, 0);
END $$;
-- +goose StatementEnd

-- +goose StatementBegin
-- Opens a session of somebody whose password was right, and sweeps up sessions
-- that have ended. The acting tenant is the user's own, else the highest one
-- below it at which the user has a role; false where there is none.
CREATE FUNCTION tenancy_open_session(session uuid, token bytea, whose uuid, at timestamptz, until timestamptz, agent text, address text)
    RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    acting uuid;
BEGIN
    PERFORM set_config('app.maintain', 'on', true);
    DELETE FROM tenancy_sessions WHERE id IN (
        SELECT s.id FROM tenancy_sessions s WHERE s.expires_at < at LIMIT 100 FOR UPDATE SKIP LOCKED);
    SELECT t.id INTO acting
    FROM tenancy_users u JOIN tenancy_user_roles r ON r.user_id = u.id JOIN tenancy_tenants t ON t.id = r.tenant_id
    WHERE u.id = whose AND u.disabled_at IS NULL AND EXISTS (SELECT FROM tenancy_closure c
        WHERE c.ancestor_id = u.tenant_id AND c.descendant_id = t.id AND c.months @> (at AT TIME ZONE 'UTC')::date)
    ORDER BY t.id <> u.tenant_id, t.tier, t.slug LIMIT 1;
    IF acting IS NOT NULL THEN
        INSERT INTO tenancy_sessions (id, token_hash, user_id, tenant_id, created_at, seen_at, expires_at, user_agent, ip)
        VALUES (session, token, whose, acting, at, at, until, agent, address);
    END IF;
    PERFORM set_config('app.maintain', 'off', true);
    RETURN acting IS NOT NULL;
END $$;
-- +goose StatementEnd

-- +goose StatementBegin
-- Who a token stands for, read anew for every request: no row once the session
-- has ended, was last used before alive_since, the user is disabled, has no
-- role at the acting tenant any more, or the acting tenant is no longer below
-- the user's own.
CREATE FUNCTION tenancy_session(token bytea, at timestamptz, alive_since timestamptz)
    RETURNS TABLE (id uuid, user_id uuid, home_id uuid, email text, user_name text,
        tenant_id uuid, tree_id uuid, tier smallint, slug text, tenant_name text, tenant_created_at timestamptz,
        roles text, created_at timestamptz, seen_at timestamptz, expires_at timestamptz)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
#variable_conflict use_column
DECLARE
    s tenancy_sessions;
BEGIN
    PERFORM set_config('app.maintain', 'on', true);
    SELECT * INTO s FROM tenancy_sessions WHERE token_hash = token AND expires_at > at AND seen_at > alive_since;
    RETURN QUERY SELECT s.id, u.id, u.tenant_id, u.email, u.name, t.id, t.tree_id, t.tier, t.slug, t.name, t.created_at,
        held.roles, s.created_at, s.seen_at, s.expires_at
    FROM tenancy_users u, tenancy_tenants t, (SELECT string_agg(r.role, ',' ORDER BY r.role) AS roles
        FROM tenancy_user_roles r WHERE r.user_id = s.user_id AND r.tenant_id = s.tenant_id) held
    WHERE u.id = s.user_id AND t.id = s.tenant_id AND u.disabled_at IS NULL AND held.roles IS NOT NULL
        AND EXISTS (SELECT FROM tenancy_closure c
            WHERE c.ancestor_id = u.tenant_id AND c.descendant_id = s.tenant_id AND c.months @> (at AT TIME ZONE 'UTC')::date);
    IF FOUND AND s.seen_at < at - interval '1 minute' THEN
        UPDATE tenancy_sessions SET seen_at = at WHERE id = s.id AND seen_at < at;
    END IF;
    PERFORM set_config('app.maintain', 'off', true);
END $$;
-- +goose StatementEnd

-- +goose StatementBegin
-- The sessions of the user whose token this is, the newest first.
CREATE FUNCTION tenancy_own_sessions(token bytea, at timestamptz, alive_since timestamptz)
    RETURNS TABLE (id uuid, created_at timestamptz, seen_at timestamptz, user_agent text, ip text, current boolean)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
#variable_conflict use_column
BEGIN
    PERFORM set_config('app.maintain', 'on', true);
    RETURN QUERY SELECT s.id, s.created_at, s.seen_at, s.user_agent, s.ip, s.id = own.id
    FROM tenancy_sessions own JOIN tenancy_sessions s ON s.user_id = own.user_id
    WHERE own.token_hash = token AND s.expires_at > at AND s.seen_at > alive_since
    ORDER BY s.id = own.id DESC, s.seen_at DESC, s.id;
    PERFORM set_config('app.maintain', 'off', true);
END $$;
-- +goose StatementEnd

-- +goose StatementBegin
-- Ends sessions of the user whose token this is and returns how many: one, or
-- where it is NULL all of them, this one among them unless keep is set.
CREATE FUNCTION tenancy_end_own_sessions(token bytea, one uuid, keep boolean) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    ended integer;
BEGIN
    PERFORM set_config('app.maintain', 'on', true);
    DELETE FROM tenancy_sessions s USING tenancy_sessions own
    WHERE own.token_hash = token AND s.user_id = own.user_id
        AND (s.id = one OR one IS NULL AND NOT (keep AND s.id = own.id));
    GET DIAGNOSTICS ended = ROW_COUNT;
    PERFORM set_config('app.maintain', 'off', true);
    RETURN ended;
END $$;
-- +goose StatementEnd

-- +goose StatementBegin
-- Ends all sessions of a user of the acting tenant or of one below it, and
-- returns how many.
CREATE FUNCTION tenancy_end_sessions_of(whose uuid) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    ended integer;
BEGIN
    PERFORM set_config('app.maintain', 'on', true);
    DELETE FROM tenancy_sessions s USING tenancy_users u
    WHERE s.user_id = whose AND u.id = whose AND EXISTS (SELECT FROM tenancy_closure c
        WHERE c.ancestor_id = nullif(current_setting('app.tenant', true), '')::uuid AND c.descendant_id = u.tenant_id);
    GET DIAGNOSTICS ended = ROW_COUNT;
    PERFORM set_config('app.maintain', 'off', true);
    RETURN ended;
END $$;
-- +goose StatementEnd

-- +goose StatementBegin
-- Makes the closure follow tenancy_parents after child, and whatever is below
-- it, has moved under parent from starting on: what stood above child before
-- keeps the months before, parent and what is above it get those from then on.
-- It refuses what tenancy_parents does not say, and whoever is not above both.
CREATE FUNCTION tenancy_move_closure(child uuid, parent uuid, starting date) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    acting uuid := nullif(current_setting('app.tenant', true), '')::uuid;
    during daterange := daterange(starting, NULL);
    tree uuid;
BEGIN
    PERFORM set_config('app.maintain', 'on', true);
    SELECT p.tree_id INTO tree FROM tenancy_parents p WHERE p.tenant_id = child AND p.parent_id = parent AND p.months @> during;
    IF acting IS NULL OR tree IS NULL
        OR NOT EXISTS (SELECT FROM tenancy_closure c WHERE c.ancestor_id = acting AND c.descendant_id = parent)
        OR NOT EXISTS (SELECT FROM tenancy_closure c WHERE c.ancestor_id = acting AND c.descendant_id = child AND c.depth > 0)
        OR NOT EXISTS (SELECT FROM tenancy_tenants t, tenancy_tenants p WHERE t.id = child AND p.id = parent AND t.tier > p.tier)
    THEN
        RAISE EXCEPTION 'tenancy_parents does not say so, or the acting tenant is not above both' USING ERRCODE = 'insufficient_privilege';
    END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended('tenancy_closure:' || tree, 0));
    -- A row is about one path; those that lead through child from then on end.
    WITH through AS (
        SELECT DISTINCT x.ctid AS at, x.months * daterange(NULL, starting) AS kept
        FROM tenancy_closure x, tenancy_closure above, tenancy_closure below
        WHERE above.descendant_id = child AND above.depth > 0 AND below.ancestor_id = child
            AND x.ancestor_id = above.ancestor_id AND x.descendant_id = below.descendant_id
            AND NOT isempty(x.months * above.months * below.months * during)
    ), gone AS (
        DELETE FROM tenancy_closure x USING through WHERE x.ctid = through.at AND isempty(through.kept)
    )
    UPDATE tenancy_closure x SET months = through.kept FROM through WHERE x.ctid = through.at AND NOT isempty(through.kept);
    INSERT INTO tenancy_closure (ancestor_id, descendant_id, tree_id, depth, months)
    SELECT above.ancestor_id, below.descendant_id, tree, above.depth + 1 + below.depth, above.months * during * below.months
    FROM tenancy_closure above, tenancy_closure below
    WHERE above.descendant_id = parent AND below.ancestor_id = child AND NOT isempty(above.months * during * below.months);
    PERFORM set_config('app.maintain', 'off', true);
END $$;
-- +goose StatementEnd

-- +goose StatementBegin
-- A tenant below a distributor stands under somebody when its transaction ends:
-- tenancy_extend_closure, which says so, has looked whether the acting tenant
-- may put it there.
CREATE FUNCTION tenancy_must_be_placed() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    placed boolean;
BEGIN
    PERFORM set_config('app.maintain', 'on', true);
    placed := EXISTS (SELECT FROM tenancy_closure c WHERE c.descendant_id = NEW.id AND c.depth > 0);
    PERFORM set_config('app.maintain', 'off', true);
    IF NOT placed THEN
        RAISE EXCEPTION 'tenant % stands under nobody', NEW.id USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE CONSTRAINT TRIGGER tenancy_tenants_placed AFTER INSERT ON tenancy_tenants
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.tier > 1) EXECUTE FUNCTION tenancy_must_be_placed();

-- +goose Down
DROP TRIGGER tenancy_tenants_placed ON tenancy_tenants;
DROP FUNCTION tenancy_must_be_placed(), tenancy_move_closure(uuid, uuid, date), tenancy_end_sessions_of(uuid),
    tenancy_end_own_sessions(bytea, uuid, boolean), tenancy_own_sessions(bytea, timestamptz, timestamptz),
    tenancy_session(bytea, timestamptz, timestamptz),
    tenancy_open_session(uuid, bytea, uuid, timestamptz, timestamptz, text, text),
    tenancy_sign_in_end(uuid, uuid, boolean, timestamptz), tenancy_sign_in_begin(text, uuid, uuid, timestamptz),
    tenancy_retry_at(integer, integer, timestamptz);
DROP POLICY functions_read ON tenancy_users;
DROP POLICY functions_read ON tenancy_user_roles;
DROP POLICY functions_read ON tenancy_tenants;
DROP POLICY functions_read ON tenancy_parents;
DROP TABLE tenancy_sign_in_attempts, tenancy_sessions;
