
-- Touched rows say when; moved tickets are logged.

CREATE FUNCTION touch_updated_at() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.updated_at := CURRENT_TIMESTAMP;
  RETURN NEW;
END $$;

CREATE FUNCTION log_moved_ticket() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO audit_log (at, action, object_type, object_id, detail)
  VALUES (CURRENT_TIMESTAMP, 'ticket moved', 'Ticket', new.id,
          'queue ' || old.queue_id || ' -> ' || new.queue_id ||
          ', status ' || old.status_id || ' -> ' || new.status_id);
  RETURN NULL;
END $$;

CREATE TRIGGER queues_touch BEFORE UPDATE OF name, description, mailbox_id, sla_policy_id,
  owner_id, fallback_queue_id, max_open ON queues
FOR EACH ROW WHEN (new.updated_at = old.updated_at) EXECUTE FUNCTION touch_updated_at();

CREATE TRIGGER routing_rules_touch BEFORE UPDATE OF name, queue_id, position, enabled,
  target_queue_id, assign_to, set_priority ON routing_rules
FOR EACH ROW WHEN (new.updated_at = old.updated_at) EXECUTE FUNCTION touch_updated_at();

CREATE TRIGGER tickets_touch BEFORE UPDATE OF subject, customer_id, queue_id, status_id,
  category_id, assignee_id, priority, closed_at ON tickets
FOR EACH ROW WHEN (new.updated_at = old.updated_at) EXECUTE FUNCTION touch_updated_at();

CREATE TRIGGER tickets_moved AFTER UPDATE OF queue_id, status_id ON tickets
FOR EACH ROW WHEN (new.queue_id <> old.queue_id OR new.status_id <> old.status_id)
EXECUTE FUNCTION log_moved_ticket();
