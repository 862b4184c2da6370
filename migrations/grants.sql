-- Who may do what. Applied after every migration with the two roles' names put
-- in for {{web}} and {{work}}; everything not granted here is taken away.
--   web   answers requests; row-level security applies to it
--   work  imports and rates in bulk, past row-level security, and never sees
--         users, roles or sessions
REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {{web}}, {{work}};
REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM {{web}}, {{work}};
GRANT USAGE ON SCHEMA public TO {{web}}, {{work}};

-- What these policies say is about requests. The functions that run with the
-- owner's rights have policies of their own.
ALTER POLICY tenants_read ON tenancy_tenants TO {{web}};
ALTER POLICY tenants_insert ON tenancy_tenants TO {{web}};
ALTER POLICY tenants_update ON tenancy_tenants TO {{web}};
ALTER POLICY parents_all ON tenancy_parents TO {{web}};
ALTER POLICY users_all ON tenancy_users TO {{web}};
ALTER POLICY user_roles_all ON tenancy_user_roles TO {{web}};

GRANT SELECT, INSERT, UPDATE ON tenancy_tenants, tenancy_parents TO {{web}};
GRANT SELECT ON tenancy_closure TO {{web}};
-- A password's hash may be written by whoever may write the user; it is read by
-- tenancy_sign_in_begin alone.
GRANT SELECT (id, tenant_id, email, name, disabled_at, created_at), INSERT, UPDATE (name, password_hash, disabled_at) ON tenancy_users TO {{web}};
GRANT SELECT, INSERT, DELETE ON tenancy_user_roles TO {{web}};
GRANT SELECT, INSERT ON audit_events TO {{web}};
GRANT SELECT ON usage_imports, usage_deliveries, usage_segments, usage_segment_accounts, usage_accounts TO {{web}};
GRANT INSERT ON usage_imports TO {{web}};
GRANT UPDATE (state, superseded_at, withdrawn_by, withdrawn_for) ON usage_deliveries TO {{web}};
GRANT SELECT, INSERT, UPDATE, DELETE ON usage_assignments TO {{web}};
GRANT SELECT, UPDATE ON usage_quarantine TO {{web}};
GRANT SELECT, INSERT, UPDATE ON contracts_contracts TO {{web}};
GRANT SELECT, INSERT ON contracts_versions TO {{web}};
GRANT SELECT, INSERT, UPDATE ON billing_runs TO {{web}};
GRANT SELECT ON billing_run_errors, billing_published, billing_run_results, billing_charges, billing_charge_costs,
    billing_period_published, billing_period_charges, billing_period_costs, billing_findings TO {{web}};
GRANT SELECT ON billing_edge_totals, billing_service_totals, billing_bearer_totals, billing_seller_totals, billing_edges,
    billing_resold_services, billing_resold_lines, billing_applied, billing_party_names TO {{web}};
GRANT SELECT, INSERT, UPDATE ON billing_checks TO {{web}};
GRANT SELECT, INSERT ON billing_acknowledgements TO {{web}};

GRANT SELECT ON tenancy_tenants, tenancy_parents, tenancy_closure TO {{work}};
GRANT SELECT, INSERT ON audit_events TO {{work}};
GRANT SELECT, INSERT, UPDATE ON usage_imports, usage_deliveries, usage_segments, usage_accounts, usage_quarantine TO {{work}};
GRANT SELECT, INSERT ON usage_segment_accounts TO {{work}};
GRANT SELECT ON usage_assignments, contracts_contracts, contracts_versions TO {{work}};
GRANT SELECT, INSERT, UPDATE ON billing_runs TO {{work}};
GRANT SELECT, INSERT, UPDATE, DELETE ON billing_run_errors, billing_published, billing_run_results, billing_charges,
    billing_charge_costs, billing_period_published, billing_period_charges, billing_period_costs, billing_findings TO {{work}};
GRANT SELECT, INSERT, DELETE ON billing_edge_totals, billing_service_totals, billing_applied TO {{work}};
GRANT SELECT, INSERT, UPDATE, DELETE ON billing_bearer_totals, billing_seller_totals, billing_edges, billing_resold_services,
    billing_resold_lines TO {{work}};
GRANT SELECT, UPDATE ON billing_checks TO {{work}};
GRANT SELECT, INSERT ON billing_party_names TO {{work}};
GRANT SELECT ON billing_acknowledgements TO {{work}};
GRANT USAGE ON SEQUENCE billing_fence TO {{work}};

-- A function belongs to everybody unless that is taken away.
REVOKE ALL ON FUNCTION billing_ensure_month(date), billing_add_up(), billing_minor_unit(text), billing_add_document(),
    billing_add_edges(), billing_add_resold_services(), billing_add_resold_lines(), billing_actors(), tenancy_must_be_placed(), tenancy_retry_at(integer, integer, timestamptz),
    tenancy_extend_closure, tenancy_move_closure, tenancy_sign_in_begin, tenancy_sign_in_end, tenancy_open_session, tenancy_session,
    tenancy_own_sessions, tenancy_end_own_sessions, tenancy_end_sessions_of FROM PUBLIC;
GRANT EXECUTE ON FUNCTION billing_ensure_month(date), billing_minor_unit(text) TO {{work}};
GRANT EXECUTE ON FUNCTION billing_actors(), tenancy_extend_closure, tenancy_move_closure, tenancy_sign_in_begin, tenancy_sign_in_end, tenancy_open_session,
    tenancy_session, tenancy_own_sessions, tenancy_end_own_sessions, tenancy_end_sessions_of TO {{web}};

-- Jobs: requests ask for them, workers do everything else.
GRANT SELECT, INSERT, UPDATE ON river_job TO {{web}};
GRANT USAGE ON SEQUENCE river_job_id_seq TO {{web}};
GRANT SELECT, INSERT, UPDATE, DELETE ON river_job, river_leader, river_queue, river_notification TO {{work}};
GRANT USAGE ON SEQUENCE river_job_id_seq TO {{work}};
GRANT SELECT ON river_migration, goose_db_version TO {{web}}, {{work}};
